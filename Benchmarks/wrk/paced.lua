-- Each connection thinks for 0 to 20 ms between requests, so that what is measured is waiting, not saturation.
require("report")
function delay() return math.random(0, 20) end
