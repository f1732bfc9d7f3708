-- What the scripts that add peers to a mesh begin with. A peer is `order node`; each has a greater order than all that are there
-- when it comes. KEYS: peers by session
local PEERS = KEYS[1]

local peers, last = {}, 0
local stored = redis.call('HGETALL', PEERS)
for index = 1, #stored, 2 do
  local order, node = string.match(stored[index + 1], '^(%d+) (%S+)$')
  local peer = { session = stored[index], order = tonumber(order), node = node }
  peers[#peers + 1] = peer
  peers[peer.session] = peer
  last = math.max(last, peer.order)
end

local function add(session, node)
  last = last + 1
  redis.call('HSET', PEERS, session, string.format('%.0f', last) .. ' ' .. node)
end
