-- Gives a lane back. One where nothing is left is forgotten after an hour: if something comes before, it need not be looked over again.
-- ARGV: the node, or nothing for a lane without an owner.
local owner = redis.call('HGET', KEYS[1], 'node') or ''
if owner ~= ARGV[1] then
  return 0
end
redis.call('HDEL', KEYS[1], 'node')
if redis.call('EXISTS', KEYS[2], KEYS[3], KEYS[5]) == 0 then
  redis.call('EXPIRE', KEYS[1], 3600)
end
return 1
