"""What `jm --help` says: the verbs by what a person wants, and how to begin. Text only, so that it costs nothing."""

TEXT = """\
jm runs jobs of many actions to the end, whatever dies on the way.

usage: jm COMMAND [options]          `jm help COMMAND` explains one, with examples

Begin
  init DIR                 make a small project that works, to change into your own; --example shows others
  new module NAME          write a module that works, with a test
  check JOB.yaml           find every mistake in a job before anything starts
  plan JOB.yaml            show what would run: order, programs, files
  graph JOB.yaml|ID        draw a job: a picture (-o job.svg), Graphviz or Mermaid; of one that ran with its states
  convert IN OUT           write a job file in another job language, when that can say it all
  modules [DIR]            list the modules of a shelf; `modules check DIR` examines one, `modules test DIR` runs it

Run
  run JOB.yaml [FILE...]   run a job here and wait for it
  order CONFIG.yaml        run an order of JobManager here; `merge A.yaml B.yaml` puts two of its files into one
  resume [ID [JOB.yaml]]   go on after a failure, Ctrl-C or a crash; what succeeded is not run again

Supervise
  up [--detach]            run every open job of this directory, and whatever is submitted; `down` ends that
  submit JOB.yaml [FILE..] give a job to the supervisor, now or later, and do not wait for it
  wait ID, watch [ID]      wait until a job is finished; look on while it runs
  cancel ID[/ACTION]       end a job or an action; `pause ID` starts nothing more of it, `unpause ID` goes on
  retry ID, skip ID/ACTION run again what failed; go on without an action
  prio ID N                the higher the sooner

Look
  ls                       the jobs of this directory, newest first
  status [ID[/ACTION]]     how a job and each of its actions stand
  show [ID[/ARTIFACT]]     what is known of the files of a job: duration, frames, who made them
  logs [ID[/ACTION]] [-f]  what the actions printed
  why [ID[/ACTION]]        why something waits, failed, ran again or was skipped, and what helps
  story [ID[/ACTION]]      what has happened to an action or a job, event by event
  rm ID                    remove a job with everything it left; `gc` removes old ones
  secret set|ls|rm NAME    passwords and tokens that jobs take by name and nobody is shown
  config                   every setting, and where it comes from
  schema [NAME]            the JSON Schema of job files, manifests or settings, for editors

Keep well
  doctor                   look over the state directory and the machine, and say what to do
  repair [-n]              bring a damaged journal back, as far as it can be proven

Everywhere
  --home DIR               the state directory (default: ./.jm)
  -q, --quiet              print only ids and paths, and errors
  --json                   print one JSON document, also for errors
  -h, --help               help; --version prints the version

An ID is a job's id, the unique beginning of one, or `last`, the newest; where it may be left out, `last` is meant.

examples:
  jm init demo && cd demo && jm run job.yaml sample.txt
  jm run job.yaml clip.mp4 --modules modules/ --out results/
  jm run job.yaml --input video=clip.mp4 --input subs=clip.srt -j 4
  jm resume last

The original's command line works too:
  python -m job_manager job.yaml clip.mp4 [--storage_dir temp/] [--modules_dir modules/]

exit codes: 0 ok, 1 an action failed, 2 your input, 3 cancelled, 4 waited long enough, 5 disk, journal or a fault
            of jm, 7 refused (the directory is in use, or no such job), 130 interrupted; 6 is reserved
"""
