-- Lets a lease last longer, also one that has run out if nobody has taken over. ARGV: holder, epoch, TTL in ms
if not is_held_by(ARGV[1], ARGV[2]) then return { 0, answer() } end
write(tonumber(ARGV[3]))
return { 1, answer() }
