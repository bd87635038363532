"""Builds the image: stages that are functions of their inputs, each kept by the digest of those.

toolbox   a Debian tree with the tools, of this machine's architecture
base      a Debian tree with the target's packages
system    base with the initial RAM disk and compiled standard library
deb       the phone as a Debian package
tree      system with the phone and the files of ours
image     the disk: boot, root A, root B, data
bundle    the signed update
"""
