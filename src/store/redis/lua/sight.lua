-- A room, how many are in it, and since when nobody has done anything there; nothing: there is none.
local stored = redis.call('HMGET', ROOM, 'b', 'a')
if not stored[1] then return {} end
return { stored[1], redis.call('HLEN', MEMBERS), string.format('%.0f', math.max(0, now - tonumber(stored[2]))) }
