"""`make day`: an agent's day on the demo hospital with the keyboard alone; the suite plays a short one."""
