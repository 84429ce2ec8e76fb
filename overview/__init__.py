"""What a screen shows of several packages at once: read models in few statements, with the right checked and the
look audited. Nothing here changes anything."""
