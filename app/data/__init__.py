"""Parts with which a data set comes in: a folder, a zip, a download, and what is said of it before it is used."""
