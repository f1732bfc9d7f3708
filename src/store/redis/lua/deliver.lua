-- Appends letters to a node's inbox, all or none. KEYS: what the node told of itself, inbox. ARGV: letters at most, bytes at most, letter …
if redis.call('EXISTS', KEYS[1]) == 0 then return 'no such node' end
if redis.call('XLEN', KEYS[2]) + #ARGV - 2 > tonumber(ARGV[1]) then return 'full' end
local bytes = redis.call('MEMORY', 'USAGE', KEYS[2], 'SAMPLES', 1) or 0
for index = 3, #ARGV do bytes = bytes + #ARGV[index] end
if bytes > tonumber(ARGV[2]) then return 'full' end
for index = 3, #ARGV do redis.call('XADD', KEYS[2], '*', 'b', ARGV[index]) end
return 'done'
