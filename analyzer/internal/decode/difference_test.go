package decode

import (
	"fmt"
	"reflect"
	"strings"
)

// difference lists the fields in which two packets differ, or returns "".
func difference(got, want Packet) string {
	var lines []string
	g, w := reflect.ValueOf(got), reflect.ValueOf(want)
	for i := range g.NumField() {
		if !g.Type().Field(i).IsExported() { // padding
			continue
		}
		if a, b := g.Field(i).Interface(), w.Field(i).Interface(); !reflect.DeepEqual(a, b) {
			lines = append(lines, fmt.Sprintf("%s is %+v, want %+v", g.Type().Field(i).Name, a, b))
		}
	}
	return strings.Join(lines, "\n")
}
