the script, as it is
