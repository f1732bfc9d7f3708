-- Writes a member anew, if it is one. KEYS: members. ARGV: session, member, publish command or nothing, topic, payload
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
if ARGV[3] ~= '' then redis.call(ARGV[3], ARGV[4], ARGV[5]) end
return 1
