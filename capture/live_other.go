//go:build cgo && !nopcap && !linux

package capture

import (
	"context"
	"errors"
)

// errNoRing says that libpcap has to capture.
var errNoRing = errors.New("not for a ring")

func openLive(context.Context, LiveOptions) (Source, error) { return nil, errNoRing }
