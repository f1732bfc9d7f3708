-- Adds a peer and answers who came before it, in one step: so of any two exactly one is told of the other.
-- ARGV: session, node, most peers, publish command or nothing, topic, payload
local known = peers[ARGV[1]]
if not known then
  if #peers >= tonumber(ARGV[3]) then return { 0, {} } end
  add(ARGV[1], ARGV[2])
  if ARGV[4] ~= '' then redis.call(ARGV[4], ARGV[5], ARGV[6]) end
end
table.sort(peers, function(one, other) return one.order < other.order end)
local before = {}
for _, peer in ipairs(peers) do
  -- A retry: of those who came later, some have it in their lists.
  if known and peer.order >= known.order then break end
  before[#before + 1] = peer.node .. '/' .. peer.session
end
return { 1, before }
