-- Gives the room from its holder to another node. ARGV: holder, epoch, TTL in ms, other node
if not is_held_by(ARGV[1], ARGV[2]) then return { 0, answer() } end
grant(ARGV[4], 0, tonumber(ARGV[3]))
return { 1, answer() }
