"""The business of the hospital's contact centre. Knows nothing of Asterisk, modems or HTML."""
