"""`make shots`: every page of every role as a picture, in both languages, three widths, light and dark."""
