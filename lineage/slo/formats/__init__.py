"""Other people's ways to write what data shall be like; one file each, that reads it into definitions."""
