"""Questions in five languages to one house, whose knowledge is written in English and in Spanish."""
