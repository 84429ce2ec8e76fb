"""The `hcrm` command, one module per family; `COMMANDS` in `server.__main__` names them."""
