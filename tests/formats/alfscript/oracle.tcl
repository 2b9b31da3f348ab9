# Says what Tcl makes of texts: one on each line of the input as hex digits, one line of the output for each.
# Scripts run in an interpreter without a single command; whatever they call is only written down.
fconfigure stdin -translation lf
fconfigure stdout -translation lf
proc hex {text} { return x[binary encode hex [encoding convertto utf-8 $text]] }
proc row {words} { set row {}; foreach word $words { lappend row [hex $word] }; return $row }
set child [interp create -safe]
foreach name [interp eval $child {info commands}] { interp hide $child $name }
proc record {args} { lappend ::seen [row $args]; return "" }
interp alias $child unknown {} record
while {[gets stdin line] >= 0} {
    lassign $line kind code
    set text [encoding convertfrom utf-8 [binary decode hex [string range $code 1 end]]]
    set ::seen {}
    switch $kind {
        script { set failed [catch {interp eval $child $text}] }
        list { set failed [catch {set ::seen [row [lrange $text 0 end]]}] }
        value { set failed [catch {set i 7; set j -3; set ::seen [hex [subst -nobackslashes $text]]}] }
    }
    if {$failed} { puts error } else { puts [join $::seen {;}] }
}
