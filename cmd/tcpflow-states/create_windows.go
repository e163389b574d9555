package main

// noFollow: links are made by administrators only.
const noFollow = 0
