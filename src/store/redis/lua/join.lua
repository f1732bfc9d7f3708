-- Adds a member and announces it, if it is new and the channel is small enough.
-- KEYS: members. ARGV: session, member, announce up to, publish command or nothing, topic, payload
if redis.call('HSETNX', KEYS[1], ARGV[1], ARGV[2]) == 0 then return { 0, 0 } end
local announced = redis.call('HLEN', KEYS[1]) <= tonumber(ARGV[3])
if announced and ARGV[4] ~= '' then redis.call(ARGV[4], ARGV[5], ARGV[6]) end
return { 1, announced and 1 or 0 }
