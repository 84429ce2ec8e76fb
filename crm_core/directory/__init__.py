"""What the hospital offers: departments and the practitioners in them."""
