-- Writes what is there already: WAIT, which follows on the same connection, then covers everything written to the
-- channel before. Fenced, because a message that a failover lost must not be confirmed by the server that never had it.
local head = open(0)
redis.call('HSET', CHANNEL, 'e', text(head.epoch))
return { 'settled' }
