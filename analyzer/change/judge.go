package change

import (
	"cmp"
	"math"
	"slices"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/chance"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

var unknown = math.NaN()

// The connections of a side are put into so many batches at most, of so many at least; so
// many are few.
const (
	mostBatches = 20
	fewBatches  = 10
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

// mostAlike is how much n batches of both sides may be alike that follow each other, as the
// correlation of their ranks: 0 for independent ones, of which n show up to 1/√n by chance.
// Where there are few, only what is beyond doubt makes them fewer still.
func mostAlike(n int) float64 {
	if n > 2*fewBatches {
		return max(0.2, 1/math.Sqrt(float64(n)))
	}
	return max(0.4, 2.5/math.Sqrt(float64(n)))
}

// part makes the batches larger, on both sides, until those that follow each other are no
// longer alike, or so few that nothing can be told.
func (c *Comparison) part() {
	for {
		a, b := len(c.Before.batches), len(c.After.batches)
		if min(a, b) <= 2 || alike(c.Before.batches, c.After.batches) <= mostAlike(a+b) {
			return
		}
		c.Before.batch(fewer(a), c.rule)
		c.After.batch(fewer(b), c.rule)
	}
}

// fewer returns the next smaller number of batches.
func fewer(n int) int {
	if n > fewBatches {
		return max(fewBatches, n*3/4)
	}
	return n * 2 / 3
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

// question is what is asked of a comparison: whether more connections fail has half of the
// level for itself, so that how many other things are compared does not hide it.
type question int

const (
	moreFail question = iota
	allElse
	questions
)

// leastChances adds the least probability that numbers so many could come to, for each
// question that is asked of them.
func (c *Comparison) leastChances(least *[questions][]float64) {
	if c.Measure == Failed {
		t := c.table()
		least[moreFail] = append(least[moreFail], t.LeastFisher())
		least[allElse] = append(least[allElse], t.Turned().LeastFisher())
		return
	}
	least[allElse] = append(least[allElse], c.leastChance())
}

// leastChance is the least that Chance can come to.
func (c *Comparison) leastChance() float64 {
	switch t := c.table(); {
	case c.Measure == Failed && c.After.Value >= c.Before.Value:
		return t.LeastFisher()
	case c.Measure == Failed:
		return t.Turned().LeastFisher()
	case c.isShare():
		return min(1, 2*min(t.LeastFisher(), t.Turned().LeastFisher()))
	}
	return min(1, 2*chance.LeastRankSum(len(c.Before.batches), len(c.After.batches)))
}

// judge says what the comparison came to. The chance of each question is multiplied by so
// much.
func (c *Comparison) judge(level float64, times *[questions]float64) {
	if c.Before.Connections == 0 || c.After.Connections == 0 {
		c.Outcome, c.Least = Unknown, unknown
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
	asked := allElse
	if c.Measure == Failed && up {
		asked = moreFail
	}
	if c.leastChance()*times[asked] > level {
		if !c.isShare() || c.Before.Have+c.After.Have > 0 {
			c.Outcome = TooFew
		}
		return
	}
	if more.Value < c.rule.beyond(less.Value) || c.isShare() && more.Have < leastHave {
		return // it does not matter
	}
	c.Chance = c.chance(up, less.batches, more.batches)
	c.Corrected = min(1, c.Chance*times[asked])
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

// chance is the probability of as much, in the one direction that is asked for or in either.
func (c *Comparison) chance(up bool, less, more []float64) float64 {
	t := c.table()
	if !up {
		t = t.Turned()
	}
	switch {
	case c.Measure == Failed:
		return t.Fisher()
	case c.isShare():
		return min(1, 2*t.Fisher())
	case c.rule.resent():
		return min(1, 2*chance.RankSum(less, more))
	}
	return min(1, 2*chance.RankSum(c.raised(less), more))
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
