"""What another system calls things; stopped sessions and slots; an appointment knows its time."""

from pathlib import Path

from alembic import op

from crm_core.migrations.steps import build_index, run

revision = "0052"
down_revision = "0051"
branch_labels = None
depends_on = None
HERE = Path(__file__)
HAS_TIME = (  # looked at without keeping anybody from writing; then it need not be looked at again
    "ALTER TABLE appointment DROP CONSTRAINT IF EXISTS appointment_has_time",
    "ALTER TABLE appointment ADD CONSTRAINT appointment_has_time CHECK (starts_at IS NOT NULL) NOT VALID",
    "ALTER TABLE appointment VALIDATE CONSTRAINT appointment_has_time",
    "ALTER TABLE appointment ALTER COLUMN starts_at SET NOT NULL",
    "ALTER TABLE appointment DROP CONSTRAINT appointment_has_time",
)


def upgrade() -> None:
    run(HERE.with_name("0052_scheduling.sql"))
    with op.get_context().autocommit_block():
        run(HERE.with_name("0052_scheduling_fill.sql"))
        for statement in HAS_TIME:
            op.execute(statement)
    build_index("appointment_of_patient", "appointment (patient_id, starts_at)")
    for table in ("schedule", "slot", "appointment"):
        build_index(f"{table}_external_id", f"{table} (external_id) WHERE external_id IS NOT NULL", unique=True)
