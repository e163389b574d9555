package change

import (
	"cmp"
	"math"
	"slices"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/chance"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

var unknown = math.NaN()

// The connections of a side are put into so many batches at most, of so many at least.
const (
	mostBatches = 20
	leastBatch  = 2
)

// observed is a value of a connection; of a share of packets, the two that it is made of.
type observed struct {
	first fsm.Time
	key   uint64
	x, of float64
}

// value returns a measure of the service's connections.
func (v *service) value(r *rule) Value {
	var list []observed
	for i := range v.rows {
		row := &v.rows[i]
		o := observed{first: row.first, key: row.key, x: float64(row.values[r.column]), of: 1}
		if r.resent() {
			o.of = float64(row.values[r.column-columnResent+columnPackets])
		}
		if !math.IsNaN(o.x) && o.of > 0 {
			list = append(list, o)
		}
	}
	out := Value{Value: unknown, Low: unknown, High: unknown, Connections: uint64(len(list)), Of: uint64(len(list))}
	if len(list) == 0 {
		return out
	}
	slices.SortFunc(list, func(a, b observed) int { return cmp.Or(cmp.Compare(a.first, b.first), cmp.Compare(a.key, b.key)) })
	out.inTime = list
	out.batch(max(1, min(len(list)/leastBatch, mostBatches)), r)
	if r.resent() {
		x, of := sums(list)
		out.Value, out.Have, out.Of = x/of, uint64(x), uint64(of)
		return out
	}
	sorted := values(list)
	out.Value, out.Low, out.High = quantile(sorted, 0.5), quantile(sorted, 0.25), quantile(sorted, 0.75)
	return out
}

// batch makes n batches of connections that followed each other.
func (v *Value) batch(n int, r *rule) {
	v.batches = v.batches[:0]
	for i := range n {
		v.batches = append(v.batches, ofBatch(v.inTime[i*len(v.inTime)/n:(i+1)*len(v.inTime)/n], r))
	}
}

// seal forgets what the batches were made of.
func (v *Value) seal() { v.inTime, v.Batches = nil, len(v.batches) }

// mostAlike is how much batches that follow each other may be alike, as the correlation of
// their ranks: 0 for independent ones.
const mostAlike = 0.2

// part makes the batches larger, on both sides, until those that follow each other are no
// longer alike, or so few that nothing can be told.
func (c *Comparison) part() {
	for len(c.Before.batches) > 2 && len(c.After.batches) > 2 && alike(c.Before.batches, c.After.batches) > mostAlike {
		c.Before.batch(len(c.Before.batches)*2/3, c.rule)
		c.After.batch(len(c.After.batches)*2/3, c.rule)
	}
}

// alike returns the correlation between the ranks of values and those of the next, over
// several series.
func alike(series ...[]float64) float64 {
	with, of := 0.0, 0.0
	for _, list := range series {
		ranks := chance.Ranks(list)
		mean := float64(len(list)+1) / 2
		for i, r := range ranks {
			of += (r - mean) * (r - mean)
			if i > 0 {
				with += (r - mean) * (ranks[i-1] - mean)
			}
		}
	}
	if of == 0 {
		return 0
	}
	return with / of
}

// ofBatch makes one value of a batch.
func ofBatch(batch []observed, r *rule) float64 {
	if r.resent() {
		x, of := sums(batch)
		return x / of
	}
	return quantile(values(batch), 0.5)
}

func sums(list []observed) (x, of float64) {
	for i := range list {
		x, of = x+list[i].x, of+list[i].of
	}
	return x, of
}

// values returns the values in order.
func values(list []observed) []float64 {
	out := make([]float64, len(list))
	for i := range list {
		out[i] = list[i].x
	}
	slices.Sort(out)
	return out
}

// quantile returns the value below which the fraction q lies, between two where it falls
// between them.
func quantile(sorted []float64, q float64) float64 {
	at := q * float64(len(sorted)-1)
	i := int(at)
	if i+1 >= len(sorted) {
		return sorted[len(sorted)-1]
	}
	return sorted[i] + (sorted[i+1]-sorted[i])*(at-float64(i))
}

// leastHave is how many connections must have something for more of them to be a change:
// one or two are an event.
const leastHave = 3

// table is the table of a share of connections.
func (c *Comparison) table() chance.Table {
	return chance.Table{A: c.Before.Have, OfA: c.Before.Of, B: c.After.Have, OfB: c.After.Of}
}

// isShare reports whether it is a share of connections.
func (c *Comparison) isShare() bool { return c.rule.column == noColumn }

// leastChance is the least probability that numbers so many could come to, in either
// direction.
func (c *Comparison) leastChance() float64 {
	if c.isShare() {
		t := c.table()
		return min(1, 2*min(t.LeastFisher(), t.Turned().LeastFisher()))
	}
	return min(1, 2*chance.LeastRankSum(len(c.Before.batches), len(c.After.batches)))
}

// judge says what the comparison came to, as one of so many.
func (c *Comparison) judge(level, comparisons float64) {
	if c.Before.Connections == 0 || c.After.Connections == 0 {
		c.Outcome = Unknown
		return
	}
	c.Outcome = NotShown
	up := c.After.Value >= c.Before.Value
	less, more := c.Before, c.After
	if !up {
		less, more = more, less
	}
	c.size = c.rule.strength(c.Before.Value, c.After.Value)
	c.Least = c.rule.beyond(less.Value) - less.Value
	if least := c.leastChance(); least*comparisons > level {
		if !c.isShare() || c.Before.Have+c.After.Have > 0 {
			c.Outcome = TooFew
		}
		return
	}
	if more.Value < c.rule.beyond(less.Value) || c.isShare() && more.Have < leastHave {
		return // it does not matter
	}
	p := 1.0
	switch {
	case c.isShare() && up:
		p = c.table().Fisher()
	case c.isShare():
		p = c.table().Turned().Fisher()
	case c.rule.resent():
		p = chance.RankSum(less.batches, more.batches)
	default:
		p = chance.RankSum(c.raised(less.batches), more.batches)
	}
	c.Chance = min(1, 2*p) // it might have gone the other way
	c.Corrected = min(1, c.Chance*comparisons)
	if c.Corrected > level {
		return
	}
	c.Outcome = Changed
	c.Low, c.High = unknown, unknown
	if !c.isShare() {
		c.Low, c.High = difference(c.Before.batches, c.After.batches)
	}
	c.Direction = c.rule.worse
	if !up {
		c.Direction = -c.rule.worse
	}
}

// raised returns values that are larger by what matters.
func (c *Comparison) raised(list []float64) []float64 {
	out := make([]float64, len(list))
	for i, x := range list {
		out[i] = c.rule.beyond(x)
	}
	return out
}

// difference returns between what lies, 95 % sure, by how much the values of b are larger
// than those of a: the differences that the test of ranks would not refuse.
func difference(a, b []float64) (low, high float64) {
	var all []float64
	for _, x := range a {
		for _, y := range b {
			all = append(all, y-x)
		}
	}
	slices.Sort(all)
	refused := chance.Refused(len(a), len(b), 0.025) // at either end
	return all[refused], all[len(all)-1-refused]
}
