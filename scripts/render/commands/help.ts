export const VERSION = '1.0.0 (the language and commands of kontemplate 1.8.0)';

export const HELP = `Renders kontemplate-style templates and hands them to a cluster.

Usage: npm run render -- COMMAND FILE [flags]

Commands
  template FILE   print the rendered text, or write it to a folder
  apply FILE      create or update the objects
  create FILE     create the objects
  replace FILE    replace the objects
  delete FILE     delete the objects
  version         print the version

Flags
  -i, --include NAME   only this resource set or group (repeatable)
  -e, --exclude NAME   not this resource set or group (repeatable)
      --var K=V        a variable that wins over all others (repeatable)
  -o, --output DIR     template: write files instead of printing
      --separator      template: put --- between files that lack it
      --dry-run[=server]  apply: change nothing
      --force-dead-routes  apply, replace: send a route even to a subset without ready pods
      --go-numbers     print 1000000 as 1e+06, as kontemplate does
      --kubectl PATH   the kubectl to use (default: the one on PATH; without one, apply and delete
                       talk to the API server themselves)
      --kubeconfig FILE, --context NAME, -n, --namespace NAME   the cluster meant
  -h, --help

Example
  npm run render -- template istio/cluster.yaml -i subsets --var subsets=v1,v2
`;
