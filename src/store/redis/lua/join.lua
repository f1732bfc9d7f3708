-- Adds a member and announces it, if it is new and the channel is small enough.
-- ARGV: session, member, announce up to, publish command or nothing, topic, payload
if redis.call('HEXISTS', MEMBERS, ARGV[1]) == 1 then return { 0, 0 } end
local user = counted(ARGV[2])
local is_known = user and has_another(user)
redis.call('HSET', MEMBERS, ARGV[1], ARGV[2])
if user then redis.call('ZADD', INDEX, 0, entry(user, ARGV[1])) end
local announced = not is_known and redis.call('HLEN', MEMBERS) <= tonumber(ARGV[3])
if announced and ARGV[4] ~= '' then redis.call(ARGV[4], ARGV[5], ARGV[6]) end
return { 1, announced and 1 or 0 }
