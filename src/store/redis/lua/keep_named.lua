-- Lets a room stay, unless another one is there. ARGV: identifier, body, idle in ms, whether somebody did something (1) or not (0), whether
-- one that is not there is written anew (1) or not (0)
local present = redis.call('HGET', ROOM, 'i')
if present and present ~= ARGV[1] then return 'replaced' end
if not present and ARGV[5] == '0' then return 'missing' end
if not present then redis.call('HSET', ROOM, 'i', ARGV[1], 'b', ARGV[2]) end
if not present or ARGV[4] == '1' then touch() end
stay(ARGV[3])
return present and 'there' or 'missing'
