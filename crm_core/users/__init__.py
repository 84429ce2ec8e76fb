"""Who works here: accounts, roles and rights, browser sessions, API tokens, desks."""
