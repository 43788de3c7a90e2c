"""What a panel of a page says: small values made of the store's answers, ready to be printed. Mostly pure."""
