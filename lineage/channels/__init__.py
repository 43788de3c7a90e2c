"""How a message leaves: one file per channel, named by the word that the settings use for it."""
