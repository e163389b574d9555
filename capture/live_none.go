//go:build !cgo || nopcap

package capture

import "context"

// HasLibpcap tells whether this build can capture live and filter packets.
const HasLibpcap = false

// LibpcapVersion returns "": this build has no libpcap.
func LibpcapVersion() string { return "" }

// OpenLive returns ErrNoLive: this build has no libpcap.
func OpenLive(ctx context.Context, options LiveOptions) (Source, error) { return nil, ErrNoLive }

// Interfaces returns ErrNoLive: this build has no libpcap.
func Interfaces() ([]Interface, error) { return nil, ErrNoLive }

func compileFilter(int, string) (program, error) { return nil, ErrNoFilter }
