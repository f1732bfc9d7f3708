-- Adds those of a node's peers that are not there. ARGV: node, session …
for index = 2, #ARGV do
  if not peers[ARGV[index]] then add(ARGV[index], ARGV[1]) end
end
return 1
