"""Maps in transactions."""
