import { beginSignIn, endSignIn } from "/graphiql/sign-in.js";

const EXAMPLE = `# Sign in above, then run this with Ctrl-Enter.
{
  viewer {
    user { displayName email }
    accounts {
      name
      balance { amount currencyCode }
      ledgerDigest
      summary {
        averageDebit { amount }
        averageCredit { amount }
        months { month transactionCount closingBalance { amount } }
      }
      transactions(first: 5) { nodes { bookedOn description amount { amount } } }
    }
    imports(first: 5) { nodes { fileName state importedCount duplicateCount rejectedCount } }
  }
}
`;

const status = document.getElementById("status");
const button = document.getElementById("sign-in");
let query = EXAMPLE;

function Page({ url, token }) {
  const [headers, setHeaders] = React.useState(token ? JSON.stringify({ Authorization: `Bearer ${token}` }, null, 2) : "");
  const fetcher = React.useMemo(() => GraphiQL.createFetcher({ url }), [url]);
  const plugins = React.useMemo(() => [GraphiQLPluginExplorer.explorerPlugin()], []);
  return React.createElement(GraphiQL, {
    fetcher,
    plugins,
    headers,
    query,
    defaultEditorToolsVisibility: "headers",
    isHeadersEditorEnabled: true,
    shouldPersistHeaders: false,
    inputValueDeprecation: true,
    onEditHeaders: setHeaders,
    onEditQuery: (edited) => {
      query = edited;
    },
  });
}

async function start() {
  const config = await (await fetch("/config.json")).json();
  button.addEventListener("click", () => beginSignIn(config, query));
  let token = null;
  try {
    const signedIn = await endSignIn(config);
    if (signedIn !== null) {
      token = signedIn.token;
      query = signedIn.query;
      status.textContent = "Signed in: the token is in the Headers tab.";
      button.textContent = "Sign in again";
    }
  } catch (error) {
    status.textContent = `Sign-in failed: ${error.message}.`;
  }
  const root = ReactDOM.createRoot(document.getElementById("graphiql"));
  root.render(React.createElement(Page, { url: config.graphqlUrl, token }));
}

start();
