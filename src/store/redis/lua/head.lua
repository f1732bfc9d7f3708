-- The end of the log.
return ends(open(0))
