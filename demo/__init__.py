"""A hospital to try: patients, a GSM network, a telephone carrier, a handset."""
