package browse

// helpPager is the page of all keys.
func helpPager(s *Screen) *pager {
	p := &pager{title: "Keys"}
	text := helpBrowse
	if s.o.Live {
		text = helpLive
	}
	p.setText(text + helpWords)
	return p
}

const helpMove = `Moving
  j k  ↓ ↑             a line
  PgDn PgUp  f b       a page            Ctrl-D Ctrl-U   half a page
  g G  Home End        the first, the last
  q  Esc               back; q in the list ends      Q  Ctrl-C   end

`

const helpBrowse = helpMove + `Lists
  1 2  Tab             connections, problems
  Enter                open the connection; of a problem: its connections
  /  n N               search rows, findings' names too; next, previous
  &                    only connections of which a --where expression is true:
                       verdict.code == "refused" || handshake.duration_s > 1
  s S  r               sort by the next or previous key; reverse
  space  u             mark a connection; unmark all
  w                    write the packets of the marked ones to a pcapng
  y                    the Wireshark display filter; copied too (OSC 52)

One connection
  1 2 3 4  Tab         timeline, sequence numbers, round trips, story
  Enter                every test that the frame under the cursor met
  n N                  next, previous finding; after / the next match
  x                    unfold runs of ordinary segments, or fold them
  + -  ← →  0  d       graphs: zoom, move, all of it; the other direction

`

const helpLive = helpMove + `Lists
  1 2  Tab             open connections, the latest that have ended
  Enter                the connection as it is now
  space  p             pause: the lists stay, capturing goes on; and back
  /  n N               search
  s S  r               sort by the next or previous key; reverse
  y                    the Wireshark display filter; copied too (OSC 52)

"waits for" is what was captured last and not answered: what a connection
waits for as far as the capture point sees. At most some 500 open connections
are listed, those with findings first.

`

const helpWords = `Words
  lost                 time that findings cost the connection
  RTT                  round trip from the capture point to the farther side, median
  STATE?               not proved: nothing shows that the segment arrived
`
