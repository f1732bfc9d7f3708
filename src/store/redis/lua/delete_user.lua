-- Removes an account with all that is in its slot. Answers what is to be removed elsewhere: name, and access keys.
-- KEYS: user, access keys, direct channels, read marks, blocks
local name = redis.call('HGET', KEYS[1], 'name')
if not name then return {} end
local tokens = redis.call('SMEMBERS', KEYS[2])
redis.call('DEL', unpack(KEYS))
return { name, tokens }
