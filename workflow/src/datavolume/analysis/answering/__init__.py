"""The answer to a study's question, in words and numbers: about data volumes, or about factors that designs vary."""
