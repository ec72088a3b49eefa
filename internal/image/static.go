package image

import (
	"debug/elf"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// machines are the architectures that images are made for, as GOARCH calls them.
var machines = map[string]elf.Machine{
	"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64, "arm": elf.EM_ARM, "386": elf.EM_386,
	"riscv64": elf.EM_RISCV, "ppc64le": elf.EM_PPC64, "s390x": elf.EM_S390,
}

// CheckArch reports that no images are made for an architecture, and for which they are.
func CheckArch(arch string) error {
	if _, ok := machines[arch]; !ok {
		return fmt.Errorf("architecture %q is not known: there are %s", arch, strings.Join(slices.Sorted(maps.Keys(machines)), ", "))
	}
	return nil
}

// CheckStatic reports why a program would not run in an image that has nothing else: it is none, is for another
// architecture, or wants shared libraries.
func CheckStatic(file, arch string) error {
	if err := CheckArch(arch); err != nil {
		return err
	}
	program, err := elf.Open(file)
	if err != nil {
		return fmt.Errorf("%s is no program for Linux: %w", file, err)
	}
	defer func() { _ = program.Close() }() // only read
	if program.Machine != machines[arch] {
		return fmt.Errorf("%s is for %s and not for %s", file, program.Machine, arch)
	}
	for _, p := range program.Progs {
		if p.Type == elf.PT_INTERP {
			return fmt.Errorf("%s wants shared libraries, which the image does not have: link it statically, or build with Docker", file)
		}
	}
	return nil
}
