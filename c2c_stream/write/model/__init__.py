"""Write inputs with a language model: what it is asked, how its text is read, how it is reached."""
