-- One message in its present form. ARGV: seq
return present(open(0), tonumber(ARGV[1])) or {}
