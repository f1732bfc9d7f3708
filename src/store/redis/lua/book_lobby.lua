-- Books a lobby room to an account: each field is a room, with the bytes of its snapshot and when the booking is forgotten, in ms.
-- KEYS: account. ARGV: room, bytes, rooms allowed, bytes allowed, TTL in ms
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local rooms, bytes = 1, tonumber(ARGV[2])
local booked = redis.call('HGETALL', KEYS[1])
for index = 1, #booked, 2 do
  local size, ends = string.match(booked[index + 1], '^(%d+) (%d+)$')
  if tonumber(ends) <= now then
    redis.call('HDEL', KEYS[1], booked[index])
  elseif booked[index] ~= ARGV[1] then
    rooms, bytes = rooms + 1, bytes + tonumber(size)
  end
end
if rooms > tonumber(ARGV[3]) or bytes > tonumber(ARGV[4]) then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2] .. ' ' .. string.format('%.0f', now + ARGV[5]))
redis.call('PEXPIRE', KEYS[1], ARGV[5])
return 1
