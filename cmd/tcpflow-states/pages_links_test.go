package main

import (
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	fence   = regexp.MustCompile("(?ms)^```.*?^```$")
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	image   = regexp.MustCompile(`(?:src|srcset|href)="([^"]+)"`)
	heading = regexp.MustCompile(`(?m)^#+ (.+)$`)
	code    = regexp.MustCompile("`([^`\n]+)`")
)

// TestLinks holds that what pages link to is there, headings too.
func TestLinks(t *testing.T) {
	for _, page := range pages(t) {
		text := fence.ReplaceAllString(readPage(t, page), "")
		for _, m := range append(link.FindAllStringSubmatch(text, -1), image.FindAllStringSubmatch(text, -1)...) {
			if strings.Contains(m[1], "://") {
				continue
			}
			target, anchor, _ := strings.Cut(m[1], "#")
			file := page
			if target != "" {
				file = path.Join(path.Dir(page), target)
			}
			if _, err := os.Stat(filepath.Join(root, file)); err != nil {
				t.Errorf("%s: the link %s leads nowhere", page, m[1])
				continue
			}
			if anchor != "" && !anchors(readPage(t, file))[anchor] {
				t.Errorf("%s: the link %s: %s has no such heading", page, m[1], file)
			}
		}
	}
}

// anchors returns the names by which GitHub reaches a page's headings.
func anchors(text string) map[string]bool {
	names := map[string]bool{}
	drop := regexp.MustCompile(`[^\p{L}\p{N} _-]`)
	for _, m := range heading.FindAllStringSubmatch(fence.ReplaceAllString(text, ""), -1) {
		names[strings.ReplaceAll(drop.ReplaceAllString(strings.ToLower(m[1]), ""), " ", "-")] = true
	}
	return names
}

// TestPackagesOnTheMap holds that ARCHITECTURE.md has every package: those of the
// program in the picture, the others by their path.
func TestPackagesOnTheMap(t *testing.T) {
	text := readPage(t, "ARCHITECTURE.md")
	picture := fence.FindString(text)
	for _, pattern := range []string{"*/*.go", "analyzer/*/*.go", "analyzer/internal/*/*.go", "analyzer/internal/*/*/*.go", "cmd/*/*.go", "internal/*/*.go"} {
		files, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: no files, %v", pattern, err)
		}
		for _, file := range files {
			dir, err := filepath.Rel(root, filepath.Dir(file))
			if err != nil {
				t.Fatal(err)
			}
			dir = filepath.ToSlash(dir)
			if strings.HasPrefix(dir, "internal/") {
				if !strings.Contains(text, "`"+dir+"`") {
					t.Fatalf("ARCHITECTURE.md does not name %s", dir)
				}
			} else if name := strings.TrimPrefix(dir, "analyzer/internal/"); !regexp.MustCompile(`["( ]` + name + `[,<]`).MatchString(picture) {
				t.Fatalf("ARCHITECTURE.md: %s is not in the picture", dir)
			}
		}
	}
}

// TestPathsInTheTree holds that each file and folder of the project that a page
// names by its path from the root is there: a map goes stale at the first renaming
// otherwise. What has a * stands for at least one file, and what has NAME is a
// placeholder.
func TestPathsInTheTree(t *testing.T) {
	paths := 0
	for _, page := range pages(t) {
		for _, m := range code.FindAllStringSubmatch(fence.ReplaceAllString(readPage(t, page), ""), -1) {
			name := strings.TrimPrefix(m[1], "./")
			top, _, nested := strings.Cut(name, "/")
			if _, err := os.Stat(filepath.Join(root, top)); !nested || top == "" || err != nil {
				continue // no path, or not ours
			}
			if strings.ContainsAny(name, " <>=(){}:\"") || strings.Contains(name, "NAME") {
				continue
			}
			paths++
			found, err := filepath.Glob(filepath.Join(root, strings.TrimSuffix(name, "...")))
			if err != nil || len(found) == 0 {
				t.Errorf("%s names %s, which is not there", page, m[1])
			}
		}
	}
	if paths < 80 {
		t.Errorf("only %d paths found: are the pages read at all?", paths)
	}
}
