-- What the scripts on a room with a name begin with. KEYS: room, members of its channel, the channel's hash. The room is a hash:
-- b(ody), i(dentifier), a(ctive), in ms. The channel's hash, which whoever listens has made, goes with the room.
local ROOM, MEMBERS, CHANNEL = KEYS[1], KEYS[2], KEYS[3]

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local function touch() redis.call('HSET', ROOM, 'a', string.format('%.0f', now)) end

local function stay(idle)
  redis.call('PEXPIRE', ROOM, idle)
  redis.call('PEXPIRE', CHANNEL, idle)
  -- Also what nobody took out: the next room of this name has none of it.
  redis.call('PEXPIRE', MEMBERS, idle)
end
