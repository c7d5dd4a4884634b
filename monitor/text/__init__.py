"""The multilingual ground under the rules: folding, word boundaries, sentences, search tokens."""
