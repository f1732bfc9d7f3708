-- Removes a peer; the announcement goes out with the removal, once, whoever of several does it.
-- KEYS: peers by session. ARGV: session, publish command or nothing, topic, payload
if redis.call('HDEL', KEYS[1], ARGV[1]) == 0 then return 0 end
if ARGV[2] ~= '' then redis.call(ARGV[2], ARGV[3], ARGV[4]) end
return 1
