-- Forgets nodes that are gone without having left: nobody knows what they did not get done, so no lane counts as complete any more.
-- ARGV: the epoch, a new mark, the nodes.
if redis.call('HGET', KEYS[1], 'epoch') ~= ARGV[1] then
  return 0
end
local gone = 0
for i = 3, #ARGV do
  gone = gone + redis.call('HDEL', KEYS[1], ARGV[i])
end
if gone > 0 or #ARGV == 2 then
  redis.call('HSET', KEYS[1], 'mark', ARGV[2])
end
return gone
