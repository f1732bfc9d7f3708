-- Appends letters to a node's inbox, all or none. KEYS: what the node told of itself, inbox. ARGV: max length, letter …
if redis.call('EXISTS', KEYS[1]) == 0 then return 'no such node' end
if redis.call('XLEN', KEYS[2]) + #ARGV - 1 > tonumber(ARGV[1]) then return 'full' end
for index = 2, #ARGV do redis.call('XADD', KEYS[2], '*', 'b', ARGV[index]) end
return 'done'
