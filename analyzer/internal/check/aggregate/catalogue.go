package aggregate

import (
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
)

// Catalogue describes every finding that several connections together can show.
var Catalogue = []record.CheckDoc{
	synFlood, portScan, hostSweep, refusesMany, resetsMany, portsRunningOut, isnPredictable, hostClockSteps, synCookies, healthChecks,
}
