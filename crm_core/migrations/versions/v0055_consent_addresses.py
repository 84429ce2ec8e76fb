"""Consent is about a telephone, a mailbox or a person, knows which words were shown, and who gave it for a child."""

from pathlib import Path

from alembic import op

from crm_core.migrations.steps import build_index, run

revision = "0055"
down_revision = "0054"
branch_labels = None
depends_on = None
HERE = Path(__file__)
HAS_ADDRESS = (  # looked at without keeping anybody from writing; then it need not be looked at again
    "ALTER TABLE consent DROP CONSTRAINT IF EXISTS consent_about",
    """
    ALTER TABLE consent ADD CONSTRAINT consent_about
    CHECK (address IS NOT NULL AND (address_kind = 'person') = (address = '')
           AND (address_kind <> 'person' OR patient_id IS NOT NULL)) NOT VALID
    """,
    "ALTER TABLE consent VALIDATE CONSTRAINT consent_about",
    "ALTER TABLE consent ALTER COLUMN address SET NOT NULL",
)


def upgrade() -> None:
    run(HERE.with_name("0055_consent_addresses.sql"))
    with op.get_context().autocommit_block():
        run(HERE.with_name("0055_consent_addresses_fill.sql"))
        for statement in HAS_ADDRESS:
            op.execute(statement)
    build_index("consent_of_address", "consent (address, purpose, channel, id DESC)")
    build_index("consent_of_person", "consent (patient_id, purpose, channel, id DESC) WHERE address_kind = 'person'")
