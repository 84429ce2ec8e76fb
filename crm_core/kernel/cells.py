"""Texts in spreadsheets: none becomes a formula when a spreadsheet program opens the file. Pure."""

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
GUARD = "'"  # what spreadsheet programs put before a text that would else be a formula


def guarded(cell: str) -> str:
    """As it may be written."""
    return GUARD + cell if cell.startswith((*FORMULA_STARTS, GUARD)) else cell


def unguarded(cell: str) -> str:
    """As it was before it was written."""
    return cell[1:] if cell.startswith(GUARD) and cell[1:].startswith((*FORMULA_STARTS, GUARD)) else cell
