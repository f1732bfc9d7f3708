-- Gives the room up; its epoch stays, so that the next one is later. ARGV: holder, epoch
if not is_held_by(ARGV[1], ARGV[2]) then return 0 end
lease.node = ''
write(0)
return 1
